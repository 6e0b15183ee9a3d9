/** Node's streams and sockets at the flow boundary. */

export { nodeCertificateCompression } from './certificate-compression.ts';
export { duplexFromFlow } from './duplex-from-flow.ts';
export { type ConnectFlowOptions, connectFlow, flowFromDuplex, flowFromSocket } from './flow-from-duplex.ts';
export { bundledTrustAnchors, systemTrustAnchors, trustAnchorsFromPath } from './trust-anchors.ts';
