/** The one place that loads web-push; reached by `await import()`. Of it only the encryption (RFC 8291) and the signature (RFC 8292) are used: requests are made by send.ts. */
import webPush from 'web-push';

export const { encrypt, getVapidHeaders } = webPush;
