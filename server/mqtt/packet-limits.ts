import { MAX_REPORT_MESSAGE_BYTES } from '../../shared/protocol/report.ts';

/** Ids, a token and a will: nobody who has not shown a token yet may send more. */
export const MAX_CONNECT_BYTES = 16_384;
/** A full message of reports under its topic. */
export const MAX_PUBLISH_BYTES = MAX_REPORT_MESSAGE_BYTES + 1_024;
/** Subscriptions, acknowledgements, pings. */
export const MAX_OTHER_BYTES = 16_384;
