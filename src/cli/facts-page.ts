import type { Facts } from '../index.ts';
import { subjectOf } from './certificate-text.ts';
import { diagram, type TimedEvent } from './diagram.ts';
import { escapeHtml, hex, printable } from './text.ts';
import { identityText, rawKeyText } from './tls-options.ts';

/** What was agreed on, as pairs for people. Text that the peer chose may be anything. */
export function factRows(facts: Facts): readonly (readonly [name: string, value: string])[] {
  const { externalIdentity } = facts;
  return [
    ['version', facts.version],
    ['cipher suite', facts.cipherSuite],
    ['key exchange', facts.group ?? 'static RSA'],
    ['own signature', facts.ownSignatureScheme ?? 'none'],
    ['peer signature', facts.peerSignatureScheme ?? 'none'],
    ['peer', peerText(facts)],
    ['server name', facts.serverName ?? 'none'],
    ['application protocol', facts.applicationProtocol ?? 'none'],
    ['resumed', facts.resumed ? 'yes' : 'no'],
    ...(externalIdentity === undefined ? [] : [['external PSK', identityText(externalIdentity)] as const]),
    ['HelloRetryRequest', facts.helloRetryRequest ? 'yes' : 'no'],
    ['Encrypted ClientHello', facts.encryptedClientHello ? 'yes' : 'no'],
    ['client random', hex(facts.clientRandom)],
  ];
}

function peerText({ peer, peerRawKey }: Facts): string {
  if (peerRawKey !== undefined) return rawKeyText(peerRawKey);
  return peer === undefined ? 'anonymous' : subjectOf(peer.leaf);
}

/** The page that `serve` answers with. Everything in it is escaped. */
export function factsPage(facts: Facts, handshake: readonly TimedEvent[]): string {
  const rows = factRows(facts).map(
    ([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(printable(value))}</td></tr>`,
  );
  const drawn = diagram({ client: [], server: handshake }, { clientName: 'you', serverName: 'this server' });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Your TLS connection</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
  th { text-align: left; padding-right: 2rem; font-weight: 600 }
  td, pre { font-family: ui-monospace, monospace; overflow-wrap: anywhere }
  pre { font-size: 0.8rem; line-height: 1.25; overflow-x: auto; overflow-wrap: normal }
</style>
<h1>Your TLS connection</h1>
<table>
${rows.join('\n')}
</table>
<h2>Its handshake</h2>
<pre>
${escapeHtml(drawn.join('\n'))}
</pre>
</html>
`;
}
