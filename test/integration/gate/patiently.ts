import { TallygateError } from '@tallygate/usage';

/** A busy machine may answer too late; the question is then asked again, for the same attempt, and counts once. */
export async function patiently<Reply>(ask: () => Promise<Reply>): Promise<Reply> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!TallygateError.isInstance(error) || error.code !== 'TALLYGATE_GATE_UNAVAILABLE') throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
