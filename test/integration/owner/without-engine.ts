import { register } from 'node:module';

/** Imported first, it makes this process one on which the embedded engine was never installed. */
const hooks = `export async function resolve(specifier, context, next) {
  if (specifier.startsWith('chdb')) throw Object.assign(new Error('Cannot find package chdb'), { code: 'ERR_MODULE_NOT_FOUND' });
  return next(specifier, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
