export { afterResponse } from './after-response.js';
