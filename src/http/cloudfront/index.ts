export { edgeTagsOf } from '../edge-tags.js';
export { type CloudFront, type CloudFrontOptions, cloudFront } from './cloud-front.js';
