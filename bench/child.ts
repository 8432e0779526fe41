// The demo's processes and those of the benchmark are started and ended by the same code.
export { Child, type ChildOptions, childEnvironment } from '../examples/demo/child.js';
