import { ApiError } from '../api/http';
import type { Translate } from '../i18n';

/** One sentence for an error: the server's own words when it has any. */
export function errorText(error: unknown, t: Translate): string {
  if (error instanceof ApiError) {
    if (error.status === 429 && !error.body.message) return t('error.too_many', { count: error.retryAfter ?? 30 });
    if (error.body.message) return error.body.hint ? `${error.body.message} ${error.body.hint}` : error.body.message;
    if (error.status === 0) return t('error.network');
    if (error.status === 503) return t('error.busy');
    return t('error.failed');
  }
  return t('error.failed');
}
