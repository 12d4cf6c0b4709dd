/** One door to the server: CSRF, language, errors as values, numbers without loss. */
import type { ErrorBody, Stale } from './types';

export class ApiError extends Error {
  constructor(readonly status: number, readonly body: ErrorBody, readonly retryAfter?: number) {
    super(body.message);
    this.name = 'ApiError';
  }
  get code(): string { return this.body.code; }
  get current(): Stale | undefined { return this.body['ostov.current']; }
}

let csrf = '';
let language = 'en';
let onSignedOut: () => void = () => {};

export function httpSetup(options: { csrf?: string; language?: string; onSignedOut?: () => void }): void {
  if (options.csrf !== undefined) csrf = options.csrf;
  if (options.language !== undefined) language = options.language;
  if (options.onSignedOut) onSignedOut = options.onSignedOut;
}

type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;

const keepLongNumbers: Reviver = (_key, value, context) =>
  typeof value === 'number' && context?.source !== undefined && String(value) !== context.source && isLossy(value, context.source)
    ? context.source
    : value;

function isLossy(value: number, source: string): boolean {
  const digits = source.replace(/[eE].*$/, '').replace(/[-.]/g, '').replace(/^0+/, '');
  return digits.length > 15 || !Number.isFinite(value);
}

/** Parses JSON; a number with more digits than a double carries becomes its own text. */
export function parseJson(text: string): unknown {
  if (text === '') return null;
  return /\d[\d.]{15,}/.test(text)
    ? JSON.parse(text, keepLongNumbers as (this: unknown, key: string, value: unknown) => unknown)
    : JSON.parse(text);
}

export interface Options {
  method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** An answer of 401 is expected here and does not mean that the session ended. */
  anonymous?: boolean;
}

export interface Answer<T> { data: T; status: number; headers: Headers }

export function requestHeaders(method: string): Record<string, string> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': language };
  if (method !== 'GET' && csrf) headers['X-CSRF-Token'] = csrf;
  return headers;
}

export function errorOf(status: number, text: string, retryAfter: string | null): ApiError {
  let body: ErrorBody | undefined;
  try {
    body = (parseJson(text) as { error?: ErrorBody } | null)?.error;
  } catch { /* not JSON: a proxy's page, say */ }
  return new ApiError(status, body ?? { code: `http_${status}`, message: '' }, retryAfter ? Number(retryAfter) : undefined);
}

export function noteStatus(status: number, anonymous = false): void {
  if (status === 401 && !anonymous) onSignedOut();
}

export async function request<T>(path: string, options: Options = {}): Promise<Answer<T>> {
  const method = options.method ?? 'GET';
  const headers = { ...requestHeaders(method), ...options.headers };
  const init: RequestInit = { method, headers, credentials: 'same-origin' };
  if (options.signal) init.signal = options.signal;
  if (options.body !== undefined) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(options.body);
  }
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, init);
    text = await response.text();
  } catch (reason) {
    if (reason instanceof DOMException && reason.name === 'AbortError') throw reason;
    throw new ApiError(0, { code: 'network', message: '' });
  }
  if (!response.ok) {
    noteStatus(response.status, options.anonymous);
    throw errorOf(response.status, text, response.headers.get('Retry-After'));
  }
  let data: T;
  try {
    data = parseJson(text) as T;
  } catch {
    throw new ApiError(response.status, { code: 'bad_answer', message: '' });
  }
  return { data, status: response.status, headers: response.headers };
}

export async function get<T>(path: string, options?: Options): Promise<T> {
  return (await request<T>(path, options)).data;
}

export async function send<T>(method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown, headers?: Record<string, string>): Promise<T> {
  return (await request<T>(path, { method, body, headers: headers ?? {} })).data;
}
