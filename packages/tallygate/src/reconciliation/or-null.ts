import { isNotOffered } from '@tallygate/admin-api';

/** Null: the provider does not offer it to this key. */
export async function orNull<Result>(read: () => Promise<Result>): Promise<Result | null> {
  try {
    return await read();
  } catch (error) {
    if (isNotOffered(error)) return null;
    throw error;
  }
}
