/** A key pair for tests that stand in for the API's host on loopback: made for this purpose, worth nothing elsewhere. */
export const voiceHostKey = ``

/** Self-signed, for the name `voice.messagebird.com`, valid from 2020 for a hundred years. */
export const voiceHostCertificate = ``
