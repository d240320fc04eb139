import { describeRecordings } from './describe-recordings.ts';
import { CLIENT_READINGS } from './readings.ts';

describeRecordings('a wrapped client', 'wrapped', CLIENT_READINGS);
