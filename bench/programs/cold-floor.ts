import { getItem } from './floor-dynamodb.js';

export async function handler(): Promise<unknown> {
  return JSON.parse(await getItem(process.env.TABLE ?? '', 'bench:item:0'));
}
