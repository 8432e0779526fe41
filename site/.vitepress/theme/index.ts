// Without its fonts: a page then takes half the bytes, and the reader's own font is there at once.
import DefaultTheme from 'vitepress/theme-without-fonts';
import './style.css';

export default DefaultTheme;
