/** Labels of letters, digits and inner hyphens, 1 to 63 characters each and 253 in all (RFC 1034 §3.5, RFC 1123 §2.1). */
export function isDnsName(name: string): boolean {
  return name.length <= 253 && name.split('.').every((label) => LABEL.test(label));
}

const LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
