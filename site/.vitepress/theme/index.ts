// Without its fonts: a page then takes half the bytes, and the reader's own font is there at once.
import DefaultTheme from 'vitepress/theme-without-fonts';
import './style.css';
import { correctSearch } from './search.js';

export default {
  extends: DefaultTheme,
  enhanceApp() {
    // The build renders the pages without a document.
    if (typeof document !== 'undefined') correctSearch(document.body);
  },
};
