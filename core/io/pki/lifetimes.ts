/**
 * How long certificates are good.
 *
 * A theft that nobody notices is stopped by nothing but the end of the certificate; and a certificate that ends
 * unnoticed stops a cluster. So they are short enough to matter, and renewed, over the same key, whenever something
 * is signed anyway.
 */
const dayMs = 86_400_000;

/** Ten years: replacing a CA means touching every machine. */
export const authorityMs = 3_653 * dayMs;
/** Two years. */
export const certificateMs = 731 * dayMs;
/** With less than this left, a certificate is renewed when the CA is at hand. */
export const renewalMs = 60 * dayMs;
/** Certificates begin this long before they are made, so that a machine whose clock is behind accepts them. */
export const clockSkewMs = 3_600_000;
