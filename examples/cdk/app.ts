import { App } from 'aws-cdk-lib';
import { ItemStack } from './stack.js';

new ItemStack(new App(), 'Items');
