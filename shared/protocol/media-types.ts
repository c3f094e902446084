/** Names of what we sign and send, so that one kind of document can never be read as another. */
export const MEDIA_TYPES = {
  report: 'application/vnd.sealift.report+json',
  enrolment: 'application/vnd.sealift.enrolment+json',
  assignment: 'application/vnd.sealift.assignment+json',
  statement: 'application/vnd.in-toto+json',
} as const;
