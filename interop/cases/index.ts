import type { Case } from '../support/case.ts';
import { afterHandshakeCases } from './after-handshake.ts';
import { bulkCases } from './bulk.ts';
import { certificateCompressionCases } from './certificate-compression.ts';
import { clientCertificateCases } from './client-certificates.ts';
import { earlyDataCases } from './early-data.ts';
import { encryptedClientHelloCases } from './encrypted-client-hello.ts';
import { exporterCases } from './exporters.ts';
import { foreignCertificateCases } from './foreign-certificates.ts';
import { gnutlsCases } from './gnutls.ts';
import { helloShapeCases } from './hello-shape.ts';
import { lateAuthenticationCases } from './late-authentication.ts';
import { matrixCases } from './matrix.ts';
import { negotiationCases } from './negotiation.ts';
import { peekingCases } from './peeking.ts';
import { rawKeyCases } from './raw-keys.ts';
import { recordSizeCases } from './record-sizes.ts';
import { refusalCases } from './refusals.ts';
import { requestCases } from './requests.ts';
import { resumptionCases } from './resumption.ts';
import { snapshotCases } from './snapshots.ts';
import { staplingCases } from './stapling.ts';
import { tls12Cases } from './tls12.ts';
import { unwantedOfferCases } from './unwanted-offers.ts';

/** Everything that is to be seen, in the order in which it is tried. */
export function allCases(): readonly Case[] {
  return [
    ...matrixCases(),
    ...tls12Cases(),
    ...negotiationCases(),
    ...helloShapeCases(),
    ...encryptedClientHelloCases(),
    ...recordSizeCases(),
    ...unwantedOfferCases(),
    ...requestCases(),
    ...peekingCases(),
    ...staplingCases(),
    ...refusalCases(),
    ...clientCertificateCases(),
    ...certificateCompressionCases(),
    ...lateAuthenticationCases(),
    ...resumptionCases(),
    ...earlyDataCases(),
    ...exporterCases(),
    ...foreignCertificateCases(),
    ...afterHandshakeCases(),
    ...snapshotCases(),
    ...bulkCases(),
    ...gnutlsCases(),
    ...rawKeyCases(),
  ];
}
