import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode, sequence, utf8String } from '../../asn1/index.ts';
import {
  describeValidationError,
  type GeneralName,
  id,
  makeName,
  type ValidationReason,
} from '../../x509/index.ts';
import { unwrap, unwrapError } from './helpers.ts';
import { authority, endEntity, nameConstraints, rollover, validate } from './pki.ts';

const root = authority('Root');

const dns = (value: string): GeneralName => ({ kind: 'dNSName', value });
const ip = (...octets: readonly number[]): GeneralName => ({
  kind: 'iPAddress',
  value: Uint8Array.from(octets),
});
const email = (value: string): GeneralName => ({ kind: 'rfc822Name', value });
const uri = (value: string): GeneralName => ({ kind: 'uniformResourceIdentifier', value });
const directory = (...parts: Parameters<typeof makeName>[0]): GeneralName => ({
  kind: 'directoryName',
  value: makeName(parts),
});
const other = (typeId: string, text: string): GeneralName => ({
  kind: 'otherName',
  value: { typeId, value: encode(utf8String, text) },
});

/** The outcome for a leaf with these names under an authority with these constraints. */
function outcome(
  permitted: readonly GeneralName[],
  excluded: readonly GeneralName[],
  names: readonly GeneralName[],
): ValidationReason | 'accepted' {
  const constrained = authority('Constrained', root, { extensions: [nameConstraints(permitted, excluded)] });
  const leaf = endEntity('placeholder', constrained, { subject: [], subjectAltName: names });
  const result = validate([leaf, constrained], [root], { profile: 'rfc5280' });
  return result.ok ? 'accepted' : result.error.reason;
}

type Row = readonly [constraint: GeneralName, name: GeneralName, within: boolean];

const ROWS: readonly Row[] = [
  [dns('example.com'), dns('example.com'), true],
  [dns('example.com'), dns('EXAMPLE.com'), true],
  [dns('Example.com'), dns('a.b.example.com'), true],
  [dns('example.com'), dns('notexample.com'), false],
  [dns('example.com'), dns('example.com.evil.org'), false],
  [dns('example.com'), dns('com'), false],
  [dns('example.com'), dns('*.example.com'), true],
  [dns('example.com'), dns('*.a.example.com'), true],
  [dns(''), dns('anything.example'), true],
  [ip(192, 0, 2, 0, 255, 255, 255, 0), ip(192, 0, 2, 77), true],
  [ip(192, 0, 2, 0, 255, 255, 255, 0), ip(192, 0, 3, 77), false],
  [ip(192, 0, 2, 128, 255, 255, 255, 128), ip(192, 0, 2, 127), false],
  [ip(0, 0, 0, 0, 0, 0, 0, 0), ip(8, 8, 8, 8), true],
  [ip(0, 0, 0, 0, 0, 0, 0, 0), ip(...new Array<number>(16).fill(0)), false],
  [
    ip(...new Array<number>(15).fill(0), 1, ...new Array<number>(16).fill(255)),
    ip(...new Array<number>(15).fill(0), 1),
    true,
  ],
  [email('example.com'), email('anybody@example.com'), true],
  [email('example.com'), email('anybody@EXAMPLE.com'), true],
  [email('example.com'), email('anybody@mail.example.com'), false],
  [email('.example.com'), email('anybody@mail.example.com'), true],
  [email('.example.com'), email('anybody@example.com'), false],
  [email('one@example.com'), email('one@example.com'), true],
  [email('one@example.com'), email('ONE@example.com'), false],
  [email('one@example.com'), email('one@Example.com'), true],
  [email('example.com'), other(id.on.smtpUTF8Mailbox, 'médecin@example.com'), true],
  [email('example.com'), other(id.on.smtpUTF8Mailbox, 'médecin@example.org'), false],
  [uri('www.example.com'), uri('https://www.example.com/path?q#f'), true],
  [uri('www.example.com'), uri('https://user@www.example.com:8443'), true],
  [uri('www.example.com'), uri('https://other.example.com/'), false],
  [uri('example.com'), uri('https://www.example.com/'), false],
  [uri('.example.com'), uri('https://www.example.com/'), true],
  [uri('.example.com'), uri('https://example.com/'), false],
  [uri('.example.com'), uri('https://evil.org/?.example.com'), false],
  [directory(['countryName', 'DE']), directory(['countryName', 'DE'], ['commonName', 'x']), true],
  [directory(['countryName', 'DE']), directory(['countryName', 'FR'], ['commonName', 'x']), false],
  [directory(['countryName', 'DE'], ['commonName', 'x']), directory(['countryName', 'DE']), false],
  [directory(['commonName', 'Foo  Bar']), directory(['commonName', ' foo bar ']), true],
  [directory(['commonName', 'ﬁnance']), directory(['commonName', 'FINANCE']), true],
];

for (const [constraint, name, within] of ROWS) {
  const show = ({ kind, value }: GeneralName) =>
    `${kind} ${typeof value === 'string' ? value : Buffer.from('raw' in value ? value.raw : new Uint8Array()).toString('hex')}`;
  test(`${show(name)} is ${within ? '' : 'not '}within ${show(constraint)}`, () => {
    assert.equal(outcome([constraint], [], [name]), within ? 'accepted' : 'name-constraint');
    assert.equal(outcome([], [constraint], [name]), within ? 'name-constraint' : 'accepted');
  });
}

test('several permitted subtrees of one form are alternatives', () => {
  const permitted = [dns('example.com'), dns('example.org')];
  assert.equal(outcome(permitted, [], [dns('a.example.org')]), 'accepted');
  assert.equal(outcome(permitted, [], [dns('a.example.org'), dns('example.net')]), 'name-constraint');
});

test('what is permitted and excluded is excluded', () => {
  assert.equal(outcome([dns('example.com')], [dns('a.example.com')], [dns('b.example.com')]), 'accepted');
  assert.equal(
    outcome([dns('example.com')], [dns('a.example.com')], [dns('a.example.com')]),
    'name-constraint',
  );
});

test('a constraint does not touch names of other forms', () => {
  assert.equal(outcome([dns('example.com')], [], [ip(192, 0, 2, 1)]), 'accepted');
  assert.equal(outcome([ip(192, 0, 2, 0, 255, 255, 255, 0)], [], [dns('example.com')]), 'accepted');
  assert.equal(outcome([dns('example.com')], [], [other('1.2.3.4', 'x')]), 'accepted');
});

test('a wildcard can neither widen what is permitted nor reach what is excluded (CVE-2025-61727)', () => {
  assert.equal(outcome([dns('foo.example.com')], [], [dns('*.example.com')]), 'name-constraint');
  assert.equal(outcome([], [dns('bar.example.com')], [dns('*.example.com')]), 'name-constraint');
  assert.equal(outcome([], [dns('a.bar.example.com')], [dns('*.example.com')]), 'accepted');
});

test('names that cannot be compared are refused where their form is constrained, and only there', () => {
  const rows: readonly (readonly [GeneralName, GeneralName])[] = [
    [dns('example.com'), dns('.example.com')],
    [dns('example.com'), dns('foo_bar.example.com')],
    [dns('example.com'), dns('a.*.example.com')],
    [dns('example.com'), dns('*')],
    [ip(192, 0, 2, 0, 255, 255, 255, 0), ip(192, 0, 2)],
    [email('example.com'), email('a@b@example.com')],
    [email('example.com'), email('example.com')],
    [email('example.com'), other(id.on.smtpUTF8Mailbox, 'nobody')],
    [uri('example.com'), uri('urn:isbn:0451450523')],
    [uri('example.com'), uri('https://192.0.2.1/')],
    [uri('example.com'), uri('https://[2001:db8::1]/')],
  ];
  for (const [constraint, name] of rows) {
    assert.equal(outcome([constraint], [], [name]), 'name-constraint', JSON.stringify(name));
    assert.equal(outcome([], [constraint], [name]), 'name-constraint', JSON.stringify(name));
    assert.equal(outcome([directory(['countryName', 'DE'])], [], [name]), 'accepted', JSON.stringify(name));
  }
});

test('a malformed constraint is the authority’s fault, and counts once a name of its form appears', () => {
  const rows: readonly (readonly [GeneralName, GeneralName])[] = [
    [dns('.example.com'), dns('a.example.com')],
    [dns('*.example.com'), dns('a.example.com')],
    [dns('example.com.'), dns('a.example.com')],
    [ip(192, 0, 2, 0), ip(192, 0, 2, 1)],
    [ip(192, 0, 2, 0, 255, 0, 255, 0), ip(192, 0, 2, 1)],
    [email('a@b@example.com'), email('a@example.com')],
    [email('@example.com'), email('a@example.com')],
    [uri('https://example.com'), uri('https://example.com')],
  ];
  for (const [constraint, name] of rows) {
    assert.equal(outcome([constraint], [], [name]), 'malformed', JSON.stringify(constraint));
    assert.equal(outcome([], [constraint], [name]), 'malformed', JSON.stringify(constraint));
    assert.equal(outcome([constraint], [], [directory(['countryName', 'DE'])]), 'accepted');
  }
  const constrained = authority('Constrained', root, {
    extensions: [nameConstraints([dns('.example.com')])],
  });
  const error = unwrapError(validate([endEntity('a.example.com', constrained), constrained], [root]));
  assert.equal(error.certificate?.subject, 'CN=Constrained', describeValidationError(error));
});

test('subtrees with a minimum or maximum are refused', () => {
  for (const depths of [
    { minimum: 1, maximum: undefined },
    { minimum: 0, maximum: 3 },
  ]) {
    const permittedSubtrees = [{ base: dns('example.com'), ...depths }];
    const extension = {
      extnID: id.ce.nameConstraints,
      critical: true,
      extnValue: { kind: id.ce.nameConstraints, value: { permittedSubtrees, excludedSubtrees: undefined } },
    };
    const constrained = authority('Constrained', root, { extensions: [extension] });
    const leaf = endEntity('example.com', constrained);
    assert.equal(unwrapError(validate([leaf, constrained], [root])).reason, 'malformed');
  }
});

test('forms nobody understands are refused once such a name appears', () => {
  const names: readonly GeneralName[] = [
    other('1.2.3.4', 'x'),
    { kind: 'registeredID', value: '1.2.3.4' },
    { kind: 'x400Address', value: [encode(utf8String, 'x')] },
    { kind: 'ediPartyName', value: [encode(sequence({}), {})] },
  ];
  for (const name of names) {
    assert.equal(outcome([], [name], [name]), 'name-constraint');
    assert.equal(outcome([name], [], [name]), 'name-constraint');
    assert.equal(outcome([], [name], [dns('example.com')]), 'accepted');
  }
});

test('the subject is a directory name, and an e-mail address in it a mailbox', () => {
  const under = (
    constraints: ReturnType<typeof nameConstraints>,
    subject: Parameters<typeof makeName>[0],
  ) => {
    const constrained = authority('Constrained', root, { extensions: [constraints] });
    return validate([endEntity('example.com', constrained, { subject }), constrained], [root]);
  };
  const german = nameConstraints([directory(['countryName', 'DE'])]);
  assert.ok(
    under(german, [
      ['countryName', 'DE'],
      ['organizationName', 'x'],
    ]).ok,
  );
  assert.equal(unwrapError(under(german, [['countryName', 'FR']])).reason, 'name-constraint');
  const noMail = nameConstraints([], [email('example.com')]);
  assert.ok(under(noMail, [['emailAddress', 'a@example.org']]).ok);
  assert.equal(unwrapError(under(noMail, [['emailAddress', 'a@example.com']])).reason, 'name-constraint');
});

test('an intermediate’s names are constrained too, unless it is self-issued', () => {
  const constrained = authority('Constrained', root, { extensions: [nameConstraints([dns('example.com')])] });
  const names = { subjectAltName: [dns('example.org')] };
  const below = authority('Below', constrained, names);
  const error = unwrapError(validate([endEntity('example.com', below), below, constrained], [root]));
  assert.deepEqual([error.reason, error.certificate?.depth], ['name-constraint', 1]);
  const rolled = rollover(constrained, 'Constrained', names);
  const { path } = unwrap(validate([endEntity('example.com', rolled), rolled, constrained], [root]));
  assert.ok(path.includes(rolled.certificate));
});

test('constraints of several authorities all hold: lower ones can narrow and not widen', () => {
  const narrow = authority('Narrow', root, { extensions: [nameConstraints([dns('a.example.com')])] });
  const wide = authority('Wide', narrow, { extensions: [nameConstraints([dns('example.com')])] });
  const under = (host: string) => validate([endEntity(host, wide), wide, narrow], [root]);
  assert.ok(under('x.a.example.com').ok);
  assert.equal(unwrapError(under('b.example.com')).reason, 'name-constraint');
});

test('an anchor’s constraints hold', () => {
  const anchor = authority('Anchor', undefined, { extensions: [nameConstraints([dns('example.com')])] });
  assert.ok(validate([endEntity('www.example.com', anchor)], [anchor]).ok);
  assert.equal(unwrapError(validate([endEntity('example.org', anchor)], [anchor])).reason, 'name-constraint');
});

test('comparisons run out before they cost time', () => {
  const hosts = Array.from({ length: 600 }, (_, i) => dns(`host-${i}.example.com`));
  const anchor = authority('Anchor', undefined, {
    extensions: [
      nameConstraints(
        [],
        hosts.map(() => dns('example.org')),
      ),
    ],
  });
  const leaf = endEntity('example.com', anchor, { subjectAltName: hosts });
  assert.equal(unwrapError(validate([leaf], [anchor])).reason, 'budget-exhausted');
  const few = endEntity('example.com', anchor, { subjectAltName: hosts.slice(0, 400) });
  assert.ok(unwrap(validate([few], [anchor])).path.length === 1);
});
