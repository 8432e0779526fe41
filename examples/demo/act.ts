import type { Bundles } from './bundle.js';
import type { Child } from './child.js';
import type { Cell, Grid } from './grid.js';
import type { DynamoDBCalls } from './programs/dynamodb.js';
import type { Progress } from './terminal.js';

/** One comparison of the demo. */
export interface Act {
  readonly letter: string;
  /** For `--act`, and its name in the JSON. */
  readonly name: string;
  readonly title: string;
  /** One sentence: which things are compared, and under which conditions. */
  readonly compares: string;
  /** Lines below that: the numbers that the act is drawn from. */
  readonly details?: string;
  play(stage: Stage): Promise<Outcome>;
}

/** Whatever acts share. */
export interface Stage {
  readonly progress: Progress;
  readonly dynamodb: LocalTables;
  /** The bundled programs: built when they are first asked for. */
  bundles(): Promise<Bundles>;
}

/** The embedded DynamoDB, in a process of its own. */
export interface LocalTables {
  readonly endpoint: string;
  readonly process: Child<DynamoDBCalls>;
}

export interface Outcome {
  /** For the top of the JSON, besides the acts. */
  readonly headline?: object;
  /** For the JSON. */
  readonly figures: object;
  readonly grid: Grid;
  /** Sentences below the table. */
  readonly notes: readonly string[];
  /** This act's rows of the closing table: what is compared, without this cache, with it. */
  readonly closing: readonly (readonly [string, Cell, Cell])[];
  /** Why the figures do not show what they should; none when they do. */
  readonly problems: readonly string[];
}
