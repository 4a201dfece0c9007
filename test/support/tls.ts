/** A key pair for TLS tests on loopback, made for this purpose and worth nothing elsewhere. */
export const testKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKxri/xyPL+sAWq1C
cKX9PHYTtKCiPGzDNN9BaNltNvOhRANCAAR+I+q8tujmpW1mlg2ZYsyIpjediruX
2xymuffalF/KCx/L4eF0JleauYV25eA/diGL6j0BPpUvpNVgdggfKjHn
-----END PRIVATE KEY-----
`

/** Self-signed, for the name `hooks.test`, valid for a hundred years. */
export const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBmDCCAT6gAwIBAgIUQpQzW3G/VEaORRKRlOEyqehTHW8wCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKaG9va3MudGVzdDAgFw0yNjExMjIxMzAzMzRaGA8yMTI2MTAy
OTEzMDMzNFowFTETMBEGA1UEAwwKaG9va3MudGVzdDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABH4j6ry26OalbWaWDZlizIimN52Ku5fbHKa599qUX8oLH8vh4XQm
V5q5hXbl4D92IYvqPQE+lS+k1WB2CB8qMeejajBoMB0GA1UdDgQWBBRdJgdG+oZD
pFjvHhT2ZAhjvD7jjzAfBgNVHSMEGDAWgBRdJgdG+oZDpFjvHhT2ZAhjvD7jjzAP
BgNVHRMBAf8EBTADAQH/MBUGA1UdEQQOMAyCCmhvb2tzLnRlc3QwCgYIKoZIzj0E
AwIDSAAwRQIhAIrOtBZgraynG4y2p6ARmhB+8GYWewfoPN1c4qdIH4rqAiBFSF+S
s/WwUMlJWmGjaIILMbaJvf0kcrWQU9eiQfklqQ==
-----END CERTIFICATE-----
`
