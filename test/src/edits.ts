import type { ClientHelloExtension, UnknownExtension } from '../../src/extensions.ts';
import type { ClientHello } from '../../src/messages.ts';
import { hex } from './support.ts';

/** A change that a scripted client makes to its ClientHello. */
export type Edit = (honest: ClientHello) => ClientHello;

export function unchanged(hello: ClientHello): ClientHello {
  return hello;
}

/** Another value for an extension that is there. */
export function replacing(replacement: ClientHelloExtension): Edit {
  return (hello) => ({
    ...hello,
    extensions: hello.extensions.map((extension) =>
      extension.name === replacement.name ? replacement : extension,
    ),
  });
}

/** More extensions, behind the others. */
export function adding(...more: readonly ClientHelloExtension[]): Edit {
  return (hello) => ({ ...hello, extensions: [...hello.extensions, ...more] });
}

export function without(name: ClientHelloExtension['name']): Edit {
  return (hello) => ({
    ...hello,
    extensions: hello.extensions.filter((extension) => extension.name !== name),
  });
}

/** An extension by its number and its bytes in hexadecimal. */
export function raw(type: number, digits = ''): UnknownExtension {
  return { name: 'unknown', type, data: hex(digits) };
}
