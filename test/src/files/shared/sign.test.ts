import { expect, test } from "bun:test";
import { S3Client } from "bun";
import { objectUrl, signedUrl } from "../../../../src/files/shared/sign.ts";

test("the example of AWS's documentation gets AWS's signature", () => {
  const url = signedUrl({
    method: "GET",
    url: new URL("https://examplebucket.s3.amazonaws.com/test.txt"),
    seconds: 86400,
    region: "us-east-1",
    keys: { accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
    now: new Date("2013-05-24T00:00:00Z"),
  });
  expect(new URL(url).searchParams.get("X-Amz-Signature")).toBe(
    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  );
});

test("a URL for a key of any letters is the one that Bun signs", () => {
  const options = { endpoint: "https://s3.example:9000", region: "eu-west-1", bucket: "easel" };
  const keys = { accessKey: "key", secretKey: "secret" };
  const bun = new S3Client({ ...options, accessKeyId: keys.accessKey, secretAccessKey: keys.secretKey });
  for (const key of ["blobs/file_1", "a b/ü+'(x)!*.png", "~-._/=&?"]) {
    const theirs = new URL(bun.presign(key, { expiresIn: 60, method: "PUT" }));
    const at = theirs.searchParams.get("X-Amz-Date")!;
    const ours = new URL(
      signedUrl({
        method: "PUT",
        url: objectUrl(options.endpoint, options.bucket, key),
        seconds: 60,
        region: options.region,
        keys,
        now: new Date(at.replace(/^(....)(..)(..T..)(..)/, "$1-$2-$3:$4:")),
      }),
    );
    expect(ours.pathname).toBe(theirs.pathname);
    expect(ours.searchParams.get("X-Amz-Signature")).toBe(theirs.searchParams.get("X-Amz-Signature"));
  }
});
