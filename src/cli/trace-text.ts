import type { TraceEvent } from '../index.ts';
import { byteCount, type Paint, printable } from './text.ts';

/** A trace event as a line for people. Secrets are named, not shown. */
export function traceLine(event: TraceEvent, paint: Paint): string {
  switch (event.kind) {
    case 'message': {
      const rest = [byteCount(event.length), ...detailTexts(event.details)].join(' · ');
      return `${arrow(event.direction, paint)} ${paint('bold', standardName(event.message))}  ${rest}`;
    }
    case 'changeCipherSpec':
      return `${arrow(event.direction, paint)} ${paint('bold', 'change_cipher_spec')}`;
    case 'alert':
      return `${arrow(event.direction, paint)} ${paint('red', `alert ${event.alert}`)}`;
    case 'record': {
      const form = event.protected ? 'encrypted' : 'clear';
      return paint(
        'dim',
        `${arrow(event.direction, paint)} ${form} record: ${event.contentType}, ${byteCount(event.length)}`,
      );
    }
    case 'keys':
      return paint(
        'cyan',
        `◆ ${event.direction === 'sent' ? 'sending' : 'receiving'} under ${event.epoch} keys`,
      );
    case 'encryptedClientHello': {
      const text = [`Encrypted ClientHello ${event.status}`, ...detailTexts(event.details)].join(' · ');
      return paint('cyan', `  ${text}`);
    }
    case 'state':
      return paint('dim', `  state: ${event.from} → ${event.to}`);
    case 'secret':
      return paint('dim', `  secret: ${event.label} (goes to the key log only)`);
  }
}

/** The name that the standard writes: `clientHello` is its ClientHello. */
export function standardName(message: string): string {
  return message.slice(0, 1).toUpperCase() + message.slice(1);
}

/** What stands in a message, each as `name in words value`. */
export function detailTexts(details: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(details)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => printable(`${words(name)} ${value}`));
}

function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function arrow(direction: 'sent' | 'received', paint: Paint): string {
  return direction === 'sent' ? paint('yellow', '→') : paint('green', '←');
}
