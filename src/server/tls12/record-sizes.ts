import { err, ok, type Result } from '../../../x509/index.ts';
import type { ServerConfig } from '../../config.ts';
import { findExtension, type Tls12ServerHelloExtension } from '../../extensions.ts';
import { type Failure, misbehaved } from '../../failure.ts';
import { MAX_PLAINTEXT } from '../../limits.ts';
import type { ClientHello } from '../../messages.ts';
import { agreedRecordSizes, limitRecords, recordSizeLimitProblem } from '../../record-size.ts';
import type { RecordSizes } from '../../state.ts';
import type { LimitRecords } from '../../transition.ts';

/** How long records may be, agreed on by record_size_limit (RFC 8449) or by max_fragment_length (RFC 6066 §4). */
export interface Tls12RecordSizes {
  readonly sizes: RecordSizes;
  /** What the ServerHello says of it. */
  readonly reply: Extract<
    Tls12ServerHelloExtension,
    { readonly name: 'recordSizeLimit' | 'maxFragmentLength' }
  >;
}

/** What comes of a client's wishes. A server that knows record_size_limit passes the older extension over beside it (RFC 8449 §5). */
export function agreeOnRecordSizes(
  { recordSizeLimit }: ServerConfig,
  { extensions }: ClientHello,
): Result<Tls12RecordSizes | undefined, Failure> {
  const limit = findExtension(extensions, 'recordSizeLimit');
  const problem = recordSizeLimitProblem(limit, 'client');
  if (problem !== undefined) return err(problem);
  const sizes = agreedRecordSizes(recordSizeLimit, limit, MAX_PLAINTEXT);
  if (sizes !== undefined) {
    return ok({ sizes, reply: { name: 'recordSizeLimit', value: sizes.received } });
  }
  const code = findExtension(extensions, 'maxFragmentLength');
  if (code === undefined) return ok(undefined);
  const length = fragmentLengths[code - 1];
  return length === undefined
    ? err(misbehaved('bad-max-fragment-length', `${code} in ClientHello`))
    : ok({ sizes: { sent: length, received: length }, reply: { name: 'maxFragmentLength', value: code } });
}

/** What holds from the ServerHello on: a fragment length for all that this side sends (RFC 6066 §4). */
export function limitsAtOnce(agreed: Tls12RecordSizes | undefined): readonly LimitRecords[] {
  if (agreed === undefined) return [];
  const { sizes, reply } = agreed;
  const sent = reply.name === 'maxFragmentLength' ? limitRecords(sizes, 'sent') : [];
  return [...limitRecords(sizes, 'received'), ...sent];
}

/** What holds as soon as records are protected (RFC 8449 §4). */
export function limitsUnderKeys(agreed: Tls12RecordSizes | undefined): readonly LimitRecords[] {
  return limitRecords(agreed?.sizes, 'sent');
}

/** MaxFragmentLength (RFC 6066 §4), from 1 on. */
const fragmentLengths = [2 ** 9, 2 ** 10, 2 ** 11, 2 ** 12] as const;
