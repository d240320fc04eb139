import { TallygateError } from '@tallygate/usage';
import type { Handler } from 'hono';
import { type LastReconciliation, lastReconciliations } from 'tallygate';
import { answerJson } from '../answers.ts';
import { toDocument } from '../document.ts';
import type { RouteParts } from './parts.ts';

/** `GET /v1/reconciliation`: of each of the provider's organizations the last stored one in full, evidence included. */
export function reconciliation({ runtime }: RouteParts): Handler {
  const { organization, remoteBackend } = runtime;
  return async (context) => {
    const last = await lastReconciliations(remoteBackend.history, organization);
    if (last.length === 0) {
      throw new TallygateError('TALLYGATE_REPORT_MISSING', {
        message: `Nothing of "${organization}" has been reconciled with the provider's bill yet.`,
      });
    }
    const reconciliations = last.map(documentOf);
    return answerJson(context, { schema: 'tallygate.reconciliations/1', organization, reconciliations });
  };
}

/** `version` is that of the stored form; what is answered has a schema of its own. */
function documentOf({ reconciliation, ...whose }: LastReconciliation): Record<string, unknown> {
  const { version: _stored, organization: _ours, ...body } = reconciliation;
  return { ...whose, ...toDocument(body) };
}
