import { useEffect } from 'react';

let app = '';
let page = '';

function show(): void {
  document.title = [page, app].filter(Boolean).join(' · ') || 'Ostov';
}

export function useTitleSetup(label: string): void {
  useEffect(() => {
    app = label;
    show();
  }, [label]);
}

/** What the browser's tab says while this page is shown. */
export function useTitle(text: string): void {
  useEffect(() => {
    page = text;
    show();
    return () => {
      page = '';
      show();
    };
  }, [text]);
}
