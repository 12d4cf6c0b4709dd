/** Upload with progress; fetch cannot tell how far it is, so this is XMLHttpRequest. */
import { ApiError, errorOf, noteStatus, parseJson, requestHeaders } from './http';
import type { FileInfo } from './types';

export interface Upload { done: Promise<FileInfo>; cancel: () => void }

export function fileUpload(file: File, onProgress: (part: number) => void): Upload {
  const call = new XMLHttpRequest();
  const done = new Promise<FileInfo>((resolve, reject) => {
    call.open('POST', '/files');
    for (const [name, value] of Object.entries(requestHeaders('POST'))) call.setRequestHeader(name, value);
    call.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    call.setRequestHeader('X-File-Name', encodeURIComponent(file.name));
    call.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    call.onload = () => {
      if (call.status >= 200 && call.status < 300) {
        resolve(parseJson(call.responseText) as FileInfo);
        return;
      }
      noteStatus(call.status);
      reject(errorOf(call.status, call.responseText, call.getResponseHeader('Retry-After')));
    };
    call.onerror = () => reject(new ApiError(0, { code: 'network', message: '' }));
    call.onabort = () => reject(new ApiError(0, { code: 'cancelled', message: '' }));
    call.send(file);
  });
  return { done, cancel: () => call.abort() };
}
