import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { sessionStart } from './app/session';
import { themeStart } from './app/theme';
import { i18nStart, languageFirst } from './i18n';
import { httpSetup } from './api/http';
import './styles.css';

themeStart();
httpSetup({ language: languageFirst() });
void i18nStart().then(() => {
  void sessionStart();
  const root = document.getElementById('root');
  if (root) createRoot(root).render(<App />);
});
