import { describeRecordings } from './describe-recordings.ts';
import { FETCH_READINGS } from './readings.ts';

describeRecordings('a metered fetch', 'fetch', FETCH_READINGS);
