import { systemClock } from '@tallygate/usage';
import { claimOwnership } from '../../../packages/tallygate/src/runtime/owner-lock.ts';

/** Claims directories on command, as fast as it can, against others of its kind. */
process.on('message', async ({ id, input }: { id: number; input: { directory: string } }) => {
  const claim = await claimOwnership({
    ...input,
    socketPath: `${input.directory}/none.sock`,
    clock: systemClock,
  });
  process.send?.({ id, output: claim.kind });
});
process.send?.({ id: 0, output: 'ready' });
