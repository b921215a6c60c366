/**
 * Headers that keep a browser from doing more with an answer than was meant.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import { NONCE, secureHeaders } from "hono/secure-headers";

/** Of Hono's headers, those that an API has a use for. */
const chosen = {
  xFrameOptions: "DENY",
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  strictTransportSecurity: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  // Headers that a route sets itself stay.
  overwrite: false,
} as const;

/** For every answer: nothing may be loaded, nothing may frame it. */
export const securityHeaders: MiddlewareHandler = secureHeaders({
  ...chosen,
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
});

const pagePolicy = {
  defaultSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", "data:", "blob:"],
  fontSrc: ["'self'", "data:"],
};

/** For the reference pages: scripts of this server, and the inline one that carries the nonce of this answer. */
export const referenceHeaders: MiddlewareHandler = secureHeaders({
  ...chosen,
  referrerPolicy: "same-origin",
  contentSecurityPolicy: {
    ...pagePolicy,
    scriptSrc: ["'self'", NONCE],
    connectSrc: ["'self'"],
    workerSrc: ["'self'", "blob:"],
  },
});

/** For the form that asks for the token: no scripts. */
export const loginHeaders: MiddlewareHandler = secureHeaders({
  ...chosen,
  // Without a referrer a browser sends a form with `Origin: null`, as a page that hides where it is from.
  referrerPolicy: "same-origin",
  contentSecurityPolicy: { ...pagePolicy, styleSrc: [NONCE] },
});
