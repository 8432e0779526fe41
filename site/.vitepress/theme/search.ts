/**
 * Corrects what the theme's search says to screen readers. It calls the whole dialog a button, in which no field may be; it
 * calls each result an option, in which no link may be; and it names results and keys by other words than it shows.
 */
export function correctSearch(body: HTMLElement): void {
  new MutationObserver(() => {
    const box = body.querySelector('.VPLocalSearchBox');
    if (!box) return;
    box.setAttribute('role', 'dialog');
    drop(box, 'aria-expanded', 'aria-haspopup', 'aria-owns');
    for (const list of box.querySelectorAll('.results, .results > li'))
      drop(list, 'role', 'aria-selected', 'aria-labelledby');
    for (const result of box.querySelectorAll('.result')) drop(result, 'aria-label');
    for (const key of box.querySelectorAll('kbd')) key.setAttribute('role', 'img');
    // The theme says again which result is selected.
  }).observe(body, { childList: true, subtree: true, attributeFilter: ['aria-selected'] });
}

function drop(element: Element, ...names: string[]): void {
  for (const name of names) element.removeAttribute(name);
}
