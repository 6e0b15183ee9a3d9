import type { TraceEvent } from '../index.ts';
import { byteCount, type Paint, printable } from './text.ts';

/** A trace event as a line for people; undefined for an event that says nothing to them. Secrets are named, not shown. */
export function traceLine(event: TraceEvent, paint: Paint): string | undefined {
  switch (event.kind) {
    case 'message': {
      const details = Object.entries(event.details).map(([name, value]) => `${name}: ${value}`);
      const name = paint('bold', printable(event.message));
      const rest = [byteCount(event.length), ...details].map(printable).join(' · ');
      return `${arrow(event.direction, paint)} ${name}  ${rest}`;
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
    case 'state':
      return paint('dim', `  state: ${event.from} → ${event.to}`);
    case 'secret':
      return paint('dim', `  secret: ${event.label} (goes to the key log only)`);
  }
}

function arrow(direction: 'sent' | 'received', paint: Paint): string {
  return direction === 'sent' ? paint('yellow', '→') : paint('green', '←');
}
