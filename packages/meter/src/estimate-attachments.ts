import { isObject } from './answer.ts';
import { imageTokens } from './estimate-image.ts';

/** What a request carries beside text. Text documents are no part of it: they count by their bytes, with the rest. */
export interface Attachments {
  /** Base64 that must not count as text: it would count a hundredfold. */
  base64Bytes: number;
  /** Per image, before it is scaled down; infinite where its size is not in the request. */
  imagesTokens: number[];
  /** Base64 characters of each document. */
  documentsBase64Bytes: number[];
  /** Documents that lie elsewhere: behind a URL, or uploaded before. */
  remoteDocuments: number;
}

/**
 * Wherever they can stand: in messages, in results of tools, in documents made of blocks. Walking the blocks costs a tenth of
 * searching the text, which is why nobody does that first.
 */
export function attachmentsIn(messages: unknown): Attachments {
  const found: Attachments = {
    base64Bytes: 0,
    imagesTokens: [],
    documentsBase64Bytes: [],
    remoteDocuments: 0,
  };
  visit(messages, found);
  return found;
}

function visit(node: unknown, found: Attachments): void {
  if (Array.isArray(node)) for (const child of node) visit(child, found);
  else if (isObject(node)) {
    const { source, content } = node;
    if (isObject(source)) {
      add(node, source, found);
      visit(source['content'], found);
    }
    if (typeof content === 'object') visit(content, found);
  }
}

function add({ type }: Record<string, unknown>, source: Record<string, unknown>, found: Attachments): void {
  const { type: kind, data, media_type: mediaType } = source;
  const isEmbedded = kind === 'base64' && typeof data === 'string';
  const isImage = type === 'image' || (typeof mediaType === 'string' && mediaType.startsWith('image/'));
  if (isEmbedded) found.base64Bytes += data.length;
  if (isImage) found.imagesTokens.push((isEmbedded ? imageTokens(data) : null) ?? Number.POSITIVE_INFINITY);
  else if (isEmbedded) found.documentsBase64Bytes.push(data.length);
  else if (kind === 'url' || kind === 'file') found.remoteDocuments += 1;
}
