import {
  algorithm,
  type DistributionPoint,
  decodeSctList,
  type Extension,
  extensionName,
  formatGeneralName,
  formatName,
  type GeneralName,
  type IssuingDistributionPoint,
  id,
  type NameConstraints,
  type ReasonFlags,
} from '../../x509/index.ts';
import { field } from './fields.ts';
import { hex, timeText } from './text.ts';

/** The name that a standard gives to an object identifier, or its digits. */
export function oidName(oid: string): string {
  for (const group of Object.values(id)) {
    for (const [name, value] of Object.entries(group)) {
      if (value === oid) return name;
    }
  }
  return oid;
}

export function algorithmName(oid: string): string {
  return Object.entries(algorithm).find(([, value]) => value === oid)?.[0] ?? oid;
}

export function extensionLines({ extnID, critical, extnValue }: Extension): readonly string[] {
  const values = extensionTexts(extnValue);
  return field(`${extensionName(extnID)}${critical ? ' (critical)' : ''}`, ...values);
}

function extensionTexts(extnValue: Extension['extnValue']): readonly string[] {
  switch (extnValue.kind) {
    case id.ce.basicConstraints: {
      const { cA, pathLenConstraint } = extnValue.value;
      const depth =
        pathLenConstraint === undefined ? '' : `, at most ${pathLenConstraint} intermediates below`;
      return [cA ? `certification authority${depth}` : 'end entity'];
    }
    case id.ce.keyUsage: {
      const { bits: _, ...usages } = extnValue.value;
      const names = Object.entries(usages).filter(([, allowed]) => allowed);
      return [names.map(([name]) => name).join(', ')];
    }
    case id.ce.extKeyUsage:
      return [extnValue.value.map(oidName).join(', ')];
    case id.ce.subjectAltName:
    case id.ce.issuerAltName:
      return generalNameTexts(extnValue.value);
    case id.ce.subjectKeyIdentifier:
      return [hex(extnValue.value, ':')];
    case id.ce.authorityKeyIdentifier: {
      const { keyIdentifier, authorityCertIssuer = [] } = extnValue.value;
      return [
        ...(keyIdentifier === undefined ? [] : [hex(keyIdentifier, ':')]),
        ...generalNameTexts(authorityCertIssuer),
      ];
    }
    case id.ce.certificatePolicies:
      return extnValue.value.map(({ policyIdentifier }) => oidName(policyIdentifier));
    case id.ce.nameConstraints:
      return nameConstraintTexts(extnValue.value);
    case id.ce.cRLDistributionPoints:
    case id.ce.freshestCRL:
      return extnValue.value.flatMap(distributionPointTexts);
    case id.pe.authorityInfoAccess:
    case id.pe.subjectInfoAccess:
      return extnValue.value.map(
        ({ accessMethod, accessLocation }) => `${oidName(accessMethod)} ${formatGeneralName(accessLocation)}`,
      );
    case id.pe.tlsFeature:
      return [extnValue.value.join(', ')];
    case id.ce.inhibitAnyPolicy:
      return [`after ${extnValue.value} certificates`];
    case id.ct.signedCertificateTimestampList:
    case id.ct.ocspSignedCertificateTimestampList:
      return timestampTexts(extnValue.value);
    case id.ct.precertificatePoison:
      return ['a precertificate, which nobody may accept'];
    case id.ce.policyMappings:
      return extnValue.value.map(
        ({ issuerDomainPolicy, subjectDomainPolicy }) => `${issuerDomainPolicy} is ${subjectDomainPolicy}`,
      );
    case id.ce.policyConstraints: {
      const { requireExplicitPolicy, inhibitPolicyMapping } = extnValue.value;
      return [
        ...(requireExplicitPolicy === undefined
          ? []
          : [`explicit policy after ${requireExplicitPolicy} certificates`]),
        ...(inhibitPolicyMapping === undefined
          ? []
          : [`no mapping after ${inhibitPolicyMapping} certificates`]),
      ];
    }
    case id.ce.subjectDirectoryAttributes:
      return extnValue.value.map(({ type }) => oidName(type));
    case id.ce.cRLNumber:
    case id.ce.deltaCRLIndicator:
      return [extnValue.value.toString()];
    case id.ce.issuingDistributionPoint:
      return issuingDistributionPointTexts(extnValue.value);
    case id.ce.reasonCode:
      return [extnValue.value];
    case id.ce.invalidityDate:
    case id.pkixOcsp.archiveCutoff:
      return [timeText(extnValue.value)];
    case id.ce.certificateIssuer:
      return generalNameTexts(extnValue.value);
    case id.pkixOcsp.nonce:
      return [hex(extnValue.value, ':')];
    case id.pkixOcsp.nocheck:
      return ['its revocation need not be asked about'];
    case 'otherwise':
      return [hex(extnValue.value, ':')];
  }
}

function distributionPointTexts({
  distributionPoint,
  reasons,
  cRLIssuer,
}: DistributionPoint): readonly string[] {
  return [
    ...placeTexts(distributionPoint),
    ...(reasons === undefined ? [] : [`for the reasons ${flagTexts(reasons)}`]),
    ...(cRLIssuer === undefined ? [] : [`issued by ${generalNameTexts(cRLIssuer).join(', ')}`]),
  ];
}

function issuingDistributionPointTexts({
  distributionPoint,
  onlySomeReasons,
  ...limits
}: IssuingDistributionPoint): readonly string[] {
  return [
    ...placeTexts(distributionPoint),
    ...(onlySomeReasons === undefined ? [] : [`for the reasons ${flagTexts(onlySomeReasons)}`]),
    ...Object.entries(limits).flatMap(([name, isSet]) => (isSet ? [name] : [])),
  ];
}

function placeTexts(place: DistributionPoint['distributionPoint']): readonly string[] {
  switch (place?.kind) {
    case undefined:
      return [];
    case 'fullName':
      return generalNameTexts(place.value);
    case 'nameRelativeToCRLIssuer':
      return [`${formatName([place.value])}, below the issuer's name`];
  }
}

function flagTexts(flags: ReasonFlags): string {
  return Object.entries(flags)
    .flatMap(([name, isSet]) => (isSet ? [name] : []))
    .join(', ');
}

/** A SignedCertificateTimestampList (RFC 6962 §3.3), a line for each timestamp. */
export function timestampTexts(list: Uint8Array): readonly string[] {
  const scts = decodeSctList(list);
  return scts.ok
    ? scts.value.map((sct) =>
        sct.version === 'v1'
          ? `${timeText(sct.timestamp)} by the log ${hex(sct.logId)}`
          : 'one of an unknown version',
      )
    : [`malformed: expected ${scts.error.expected}`];
}

function generalNameTexts(names: readonly GeneralName[]): readonly string[] {
  return names.map(formatGeneralName);
}

function nameConstraintTexts({
  permittedSubtrees = [],
  excludedSubtrees = [],
}: NameConstraints): readonly string[] {
  return [
    ...permittedSubtrees.map(({ base }) => `permitted ${formatGeneralName(base)}`),
    ...excludedSubtrees.map(({ base }) => `excluded ${formatGeneralName(base)}`),
  ];
}
