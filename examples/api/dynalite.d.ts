declare module 'dynalite' {
  import type { Server } from 'node:http';

  interface Options {
    /** How long a new table stays CREATING, in milliseconds. */
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
    maxItemSizeKb?: number;
  }
  export default function dynalite(options?: Options): Server;
}
