import { describeRecordings } from './describe-recordings.ts';
import { RESPONSE_READINGS } from './readings.ts';

describeRecordings('the response of a wrapped client', 'wrapped', RESPONSE_READINGS);
