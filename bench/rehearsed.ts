import type {
  Aead,
  AeadKey,
  CryptoProvider,
  Hash,
  KeyExchangeGroup,
  MacKey,
  RunningHash,
} from '../nocrypto/index.ts';

/**
 * `stage` makes something to do with the provider it is given. It is done once, while every answer of the provider is
 * remembered. What comes back does it again and again with the same answers, given in the same order without a look at
 * the question: what then takes time is the engine. That serves because the engine is a function: what is done
 * with the same seeds asks the same questions.
 */
export function rehearse(crypto: CryptoProvider, stage: (crypto: CryptoProvider) => () => void): () => void {
  const script: Script = { part: 'staging', rewinds: [] };
  const perform = stage(rememberProvider(script, crypto));
  script.part = 'rehearsal';
  perform();
  script.part = 'performance';
  return () => {
    for (const rewind of script.rewinds) rewind();
    perform();
  };
}

interface Script {
  part: 'staging' | 'rehearsal' | 'performance';
  readonly rewinds: (() => void)[];
}

/** A function that remembers what `ask` answers in the rehearsal, and repeats it in a performance. */
function remember<A extends readonly unknown[], R>(
  script: Script,
  ask: (...args: A) => R,
): (...args: A) => R {
  const answers: R[] = [];
  let next = 0;
  script.rewinds.push(() => {
    next = 0;
  });
  return (...args) => {
    if (script.part === 'performance') {
      const answer = answers[next++];
      if (answer === undefined) throw new Error('a question that was not rehearsed');
      return answer;
    }
    const answer = ask(...args);
    if (script.part === 'rehearsal') answers.push(answer);
    return answer;
  };
}

function rememberProvider(script: Script, crypto: CryptoProvider): CryptoProvider {
  return {
    ...crypto,
    name: `${crypto.name}, rehearsed`,
    hashes: mapValues(crypto.hashes, (hash) => rememberHash(script, hash)),
    hmac: remember(script, (...args) => rememberMac(script, crypto.hmac(...args))),
    hkdfExtract: remember(script, crypto.hkdfExtract),
    hkdfExpand: remember(script, crypto.hkdfExpand),
    aeads: mapValues(crypto.aeads, (aead) => rememberAead(script, aead)),
    groups: mapValues(crypto.groups, (group) => rememberGroup(script, group)),
    verify: remember(script, crypto.verify),
    sign: remember(script, crypto.sign),
    publicKey: remember(script, crypto.publicKey),
    privateKey: remember(script, crypto.privateKey),
    generateKey: remember(script, crypto.generateKey),
    equal: remember(script, crypto.equal),
  };
}

function rememberHash(script: Script, hash: Hash): Hash {
  return {
    ...hash,
    digest: remember(script, hash.digest),
    start: remember(script, () => rememberRunning(script, hash.start())),
  };
}

function rememberRunning(script: Script, running: RunningHash): RunningHash {
  return {
    update: remember(script, (data: Uint8Array) => rememberRunning(script, running.update(data))),
    digest: remember(script, running.digest),
  };
}

function rememberMac(script: Script, { length, mac }: MacKey): MacKey {
  return { length, mac: remember(script, mac) };
}

function rememberGroup(script: Script, group: KeyExchangeGroup): KeyExchangeGroup {
  return {
    ...group,
    generate: remember(script, group.generate),
    encapsulate: remember(script, group.encapsulate),
    decapsulate: remember(script, group.decapsulate),
  };
}

function rememberAead(script: Script, aead: Aead): Aead {
  return {
    ...aead,
    prepare: remember(script, (key: Uint8Array) => rememberAeadKey(script, aead.prepare(key))),
  };
}

/** What was written is remembered, and written again. */
function rememberAeadKey(script: Script, key: AeadKey): AeadKey {
  const sealed = remember(script, (...args: Parameters<AeadKey['seal']>) => {
    key.seal(...args);
    const [, , plaintext, out, outOffset] = args;
    return out.slice(outOffset, outOffset + plaintext.length + TAG_LENGTH);
  });
  const opened = remember(script, (...args: Parameters<AeadKey['open']>) => {
    if (!key.open(...args)) throw new Error('a record that does not open');
    const [, , ciphertext, out, outOffset] = args;
    return out.slice(outOffset, outOffset + ciphertext.length - TAG_LENGTH);
  });
  return {
    seal: (...args) => args[3].set(sealed(...args), args[4]),
    open: (...args) => {
      args[3].set(opened(...args), args[4]);
      return true;
    },
  };
}

const TAG_LENGTH = 16;

function mapValues<K extends string, V>(
  record: Readonly<Record<K, V>>,
  change: (value: V) => V,
): Record<K, V> {
  const changed: Record<K, V> = { ...record };
  for (const key in record) changed[key] = change(record[key]);
  return changed;
}
