import { startControlPlane } from '@tallygate/control-plane';
import { systemClock } from '@tallygate/usage';
import { openTallygate, type TallygateRuntime } from 'tallygate';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './application-process.ts';

/** A control plane of "acme" with an embedded gate and ledger, and how an application is told where it is. */
export async function controlPlaneOfAcme(): Promise<{
  runtime: TallygateRuntime;
  dataDirectory: string;
  settings: Record<'TALLYGATE_URL' | 'TALLYGATE_TOKEN', string>;
}> {
  const dataDirectory = temporaryDirectory();
  const runtime = await openTallygate({ dataDirectory, organization: 'acme' });
  onTestFinished(() => runtime.close());
  const plane = await startControlPlane({ runtime, clock: systemClock, port: 0, host: '127.0.0.1' });
  onTestFinished(() => plane.close());
  return {
    runtime,
    dataDirectory,
    settings: { TALLYGATE_URL: plane.url, TALLYGATE_TOKEN: runtime.token ?? '' },
  };
}
