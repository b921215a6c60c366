/**
 * 256 RGB bytes for each colour map, from 0 (far) to 255 (near). Written by `test/reference/colormaps.py`.
 *
 * viridis, inferno: N. J. Smith, S. van der Walt, E. Firing, CC0. turbo: A. Mikhailov, Apache-2.0.
 * spectral: C. Brewer and others (ColorBrewer), Apache-2.0.
 *
 * @module
 */

const steps = 255;
const still = "m".charCodeAt(0);

/** A colour, and how much each of its channels grows from entry to entry: a letter for each step, "m" where it stays. */
function table(first: readonly number[], letters: string): Uint8Array {
  const bytes = new Uint8Array((steps + 1) * 3);
  bytes.set(first);
  for (let channel = 0; channel < 3; channel++)
    for (let at = 0; at < steps; at++) {
      const before = at * 3 + channel;
      bytes[before + 3] = bytes[before]! + letters.charCodeAt(channel * steps + at) - still;
    }
  return bytes;
}

export const colormaps = {
  turbo: table(
    [48, 18, 59],
    "onnnnnnnnnnnnnmnnmnmnnmmnmmnmmmmnmmmmmlmmmmlmlllllklklklkkkklkkklkklkllkllmllmmmmmnmnononopopopp" +
      "ppqpqpqqqpqqqqqqqqqqpqqpqpqpppoppoppoppopopopopopoopoooooooooononononnnnnnnmnmnmnmmmmmmmmmlmlmlm" +
      "llmllllllllllklllklklklkklkkkkkkkkkkjkkjkjkjkjjjkjjjjjjjijjjijipppppppppopppppopppopppoppoppopop" +
      "popopopopopopopopopopoppoopopopoopooooopoonoooonoonnononnnonnnnnnnnnnmnnmnnmnmnmmmnmmmmmmlmmlmlm" +
      "lmllllllllkllklklkklkklkkkkkkkkkkkkkkkjkkkkjkjkjkjjjjkjjjjjjjjjjjjjjjjjjjjkjjkjkjkkkkkkkkkkkkkkk" +
      "klkklkklklklkllkllklllkllllllluttttttsstsrssrsrrrqrrqqqqqpqpppppopoooooonnnnmnmmlmllllklklkkkjkk" +
      "jkjkjkjjkjjkjjkjkkjkkjjkjjjjjjijjijjijjijijjjijjjjjkjjkkjkklklkllllmlmlmmmmmmmmnmmnmnmmnmnmmnmmm" +
      "mmmmmlmmlllmlllllllkllllkllkllklllklllklllllllllmllmllmlmlmlmmlmmlmmlmmmmlmmmmmmmmmmmmmnmmmmn",
  ),
  inferno: table(
    [0, 0, 4],
    "nmmnmmnnmnnnnnnnnnnonnonnonononoonoonoooonooonoonooonoononoononoononoononoononoonononoononoonono" +
      "onononoononoononononoonononononononnononnonnonnonnnonnnnonnnnnnnnnnnnnnmnnnnmnnmnnmnnmnmnmnmmnmm" +
      "nmmnmmmmnmmmmmmmmmmmlmmmmlmmmlmmlmlmlmlmlmmlmlmmlmmmnmnmnnnonnomnmmnmmnmnmnmnnmnmnmnmnmmnmmmmmmm" +
      "mmlmmmlmmmlmmmmmnmmmnmnmnmnmnmnmnnmnmnnmnmnnmnmnmnnmnmnmnnmnmnmnmnnmnmnmnnmnmnnmnnmnnmnnmnnnmnnn" +
      "nnmnnnnnnnnnnnnnnonnnnonnnonnononnononononoonoonoonoonooonooonooooonooooooonoooooooooooooooonooo" +
      "oooooooooooonooonoononnonnnnnonnooooooopoooopoopoopoopopopoopoopoooooonononnnnnnnmnnmnmnmmnmmnmm" +
      "mmmmmmmmmmmmmmmmmlmmmmlmmlmmlmlmmlmlmlmllmlmlllmllmllllmlllllllllllllllllllllllllklllllklllllkll" +
      "llklllklllkllkllkllklllkllklllllmlmmmnmnnnonoonoooopooopoopoppoppppppppqpqpqqqqqqqqrqqqqqqpqp",
  ),
  viridis: table(
    [68, 1, 84],
    "mnmnmmmnmmmmnmmmmmmmmmmmmmmmmlmmmmlmmmlmmlmmlmlmmlmlmlmlmmlmlmlmlmlmlmlmlmlmlmlmlmlmmlmlmlmmlmlm" +
      "mlmlmmlmmlmlmmlmmlmmlmlmmlmmlmmmlmmlmmmmmmlmmnmmmmmnmnmnmnnnmnnnnnonnnononononoonooooooooooooooo" +
      "opooopoopoopopopopopopoppopoppoppoppoppoppoppoppopoppopopopoopononononononononnonnnonnonnnonnonn" +
      "nnonnnonnnnonnnnnonnnnnnonnnnnnnnnnonnnnnnnnnnnnnnnnnnnnnnnnnmnnnnnnnnnnnnnnnnnmnnnnnnnnnnnnnnnn" +
      "mnnnnnnnnnnnnnnnmnnnnnnnnnnnnmnnnnnnnnnmnnnnnnmnnnnnmnnnnmnnnmnnnmnnmnnnmnmnnmnnmnmnmnmnmnmnmnmn" +
      "mnmmnmmnmnmmnmmnmmnmmnmmmnmmnmonononnononnonnnonnnnnonnnnnnnmnnnnmnnnmnnmnmnmnmnmnmmnmmnmmmnmmmn" +
      "mmmmmnmmmmmmmmnmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmlmmmmmmlmmmmlmmmlmmlmmlmmlmlmlmmllmlmlmllm" +
      "lllmlllmllllllllllllllllllklllkllkllkllklklklkklklkklkklkklkkklkkklklkkllkllllmlmmnmnnnnnonoo",
  ),
  spectral: table(
    [94, 79, 162],
    "klkkklkkklkklkkklkkklkklkmoooooooooooopoooooooooooopopppoppoppopppoppopppoppoopoopoopoopoopooopo" +
      "opooponnnnnnnnnnnnnnnnnnnnnnnnnmmmmmmmmmmmmmlmmmmmmmmmmmmmmmmmmmmmmmmlmmmmmmmmmmmmmlmmlmmlmmlmml" +
      "mmlmlmmlmmlmllklllkllllkllllklllkllllkkkjkkkkkkjkkkkkjkkkkkjkkkoopooopooopooopoooopooopooopoopoo" +
      "opooopoopooopoooponnnnnnnnonnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnmnnnnnnnnmnmnmmnmnmmnmmnmnmmnmnmmnll" +
      "lllklllkllllkllllklllkllkkkkkkkkkkkklkkkkkkkkkkkkkjkjkjjkjkjkjkjjkjkjkjkjkjkkklkkkkklkkkkklkkkkk" +
      "klkkkjkkjkjkkjkjkkjkkjkjkkjkjknnnnnnnnonnnnnnnnnnnnnnnnnllllllllllllllllmllllllllmmmmmmmmmmmmlmm" +
      "mmmmmmmmmmmlmlmlmlmmlmlmlmlmlmlmlmlmononononononononoononononmkkkkkkkkkkkkjkkkkkkkkkkkkklkklkklk" +
      "lkklkklkklkklkklklllllkllllklllllklllllkllmnmnmnmnmnmnmnmnmmnmnmnmnmlmlmlmlmlmlmlmlmlmlmlmlml",
  ),
} as const;
