import { err, ok, type Result } from '../asn1/index.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { PEM_MAXIMUM_BLOCKS, PEM_MAXIMUM_LENGTH } from './limits.ts';

/** One `-----BEGIN label-----` … `-----END label-----` with its decoded content. */
export interface PemBlock {
  readonly label: string;
  readonly bytes: Uint8Array;
}

export interface PemError {
  readonly kind: 'too-large' | 'unterminated' | 'label-mismatch' | 'header' | 'bad-base64' | 'empty';
  /** Where, counted from 1. */
  readonly line: number;
  readonly expected: string;
  readonly found: string;
}

/**
 * All blocks of a PEM text (RFC 7468), in order. Text before, between and after them is skipped, as CA bundles and
 * `openssl x509 -text` put comments there; inside a block only base64 and white space may stand. A text without
 * any block gives an empty list. Headers inside a block (RFC 1421's `Proc-Type`, the old way to encrypt a key) are
 * refused: that encryption derives its key with one round of MD5.
 */
export function decodePem(text: string): Result<readonly PemBlock[], PemError> {
  if (text.length > PEM_MAXIMUM_LENGTH) {
    return refuse('too-large', 1, `at most ${PEM_MAXIMUM_LENGTH} characters`, `${text.length}`);
  }
  const blocks: PemBlock[] = [];
  const lines = text.split(/\r\n|\n|\r/);
  let open: { readonly label: string; readonly line: number } | undefined;
  let body: string[] = [];
  for (const [index, line] of lines.entries()) {
    const number = index + 1;
    const boundary = BOUNDARY.exec(line);
    if (open === undefined) {
      if (boundary?.[1] === 'BEGIN') {
        open = { label: boundary[2] ?? '', line: number };
        body = [];
      }
      continue;
    }
    if (boundary === null) {
      if (line.includes(':')) {
        return refuse('header', number, 'base64 (decrypt the key to PKCS #8 first)', quote(line));
      }
      body.push(line.replace(WHITE_SPACE, ''));
      continue;
    }
    if (boundary[1] !== 'END' || boundary[2] !== open.label) {
      return refuse('label-mismatch', number, `END ${open.label}`, `${boundary[1]} ${boundary[2]}`);
    }
    const bytes = decodeBase64(body.join(''));
    if (bytes === undefined) {
      return refuse('bad-base64', open.line, `base64 in the block that begins here`, 'something else');
    }
    if (bytes.length === 0) {
      return refuse('empty', open.line, 'content between the boundaries', 'none');
    }
    blocks.push({ label: open.label, bytes });
    if (blocks.length > PEM_MAXIMUM_BLOCKS) {
      return refuse('too-large', number, `at most ${PEM_MAXIMUM_BLOCKS} blocks`, 'more');
    }
    open = undefined;
  }
  if (open !== undefined) {
    return refuse('unterminated', open.line, `END ${open.label} after this line`, 'the end of the text');
  }
  return ok(blocks);
}

/** One PEM block in RFC 7468's strict form: 64 characters a line, LF line ends, a final newline. */
export function encodePem(label: string, bytes: Uint8Array): string {
  const base64 = encodeBase64(bytes);
  let lines = '';
  for (let i = 0; i < base64.length; i += 64) {
    lines += `${base64.slice(i, i + 64)}\n`;
  }
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}

/** One line for a person. */
export function describePemError(error: PemError): string {
  return `PEM line ${error.line}: expected ${error.expected}, found ${error.found}`;
}

/** RFC 7468 §3: a label is printable ASCII without a hyphen at its ends; trailing white space is common. */
const BOUNDARY = /^-----(BEGIN|END) ([!-,.-~](?:[ -]?[!-,.-~])*)-----[ \t]*$/;
const WHITE_SPACE = /[ \t\v\f]+/g;

function quote(line: string): string {
  return JSON.stringify(line.slice(0, 40));
}

function refuse(
  kind: PemError['kind'],
  line: number,
  expected: string,
  found: string,
): Result<never, PemError> {
  return err({ kind, line, expected, found });
}
