import type { TallygateError } from '@tallygate/usage';

/** Sent by the provider's SDKs, which take whatever `fetch` throws for a lost connection: they retry it and hide its words. */
const SDK_HEADER = 'x-stainless-lang';

export function takesErrorsForOutages(headers: Headers): boolean {
  return headers.has(SDK_HEADER);
}

/** Our refusal in the provider's form: such an SDK throws it at once, with status and message, and does not retry. */
export function refusalResponse(error: TallygateError): Response {
  return Response.json(
    { type: 'error', error: { type: error.code, message: error.message } },
    { status: error.httpStatus, headers: { 'x-should-retry': 'false' } },
  );
}
