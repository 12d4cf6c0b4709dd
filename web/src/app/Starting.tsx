import { useT } from '../i18n';

/** Shown for the moment before anything is known; appears only when that moment lasts. */
export function Starting() {
  const t = useT();
  return <div className="starting" role="status" aria-label={t('state.loading')}><img src="/mark.svg" alt="" width={48} height={48} /></div>;
}
