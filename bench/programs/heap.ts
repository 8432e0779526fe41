import { heapGrowth } from '../heap/growth.js';
import { answerParent } from './answer.js';

const calls = { grow: heapGrowth };
export type HeapCalls = typeof calls;

answerParent(calls);
