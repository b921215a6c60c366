/**
 * Reads the index of a torch `.pt` file: a zip archive with a pickle that names tensors, and one stored member per storage.
 *
 * A pickle is a program. This one runs it with the few instructions that a state dict needs and with a list of allowed names;
 * whatever else it holds is refused. No byte of a tensor passes through here.
 *
 * @module
 */
import { bytesPerElement } from "../../../ffi/dtype.ts";
import type { Dtype } from "../../../ffi/index.ts";
import { type Entry, elements, HeaderFile, shapeOf } from "../entry.ts";
import { mistakenFor } from "./mistaken.ts";
import { readZip } from "./zip.ts";

const maxPickle = 16e6;

const storages: Readonly<Record<string, Dtype | null>> = {
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ByteStorage: "uint8",
  BoolStorage: "bool",
  DoubleStorage: null,
};

type Global = { kind: "global"; name: string };
type Storage = { kind: "storage"; key: string; dtype: Dtype | null; count: number };
type TensorValue = {
  kind: "tensor";
  storage: Storage;
  offset: number;
  shape: readonly number[];
  stride: readonly unknown[];
};
type Dict = { kind: "dict"; items: Map<unknown, Value> };
type Tuple = { kind: "tuple"; items: readonly Value[] };
type List = { kind: "list"; items: Value[] };
type Value = string | number | boolean | null | Global | Storage | TensorValue | Dict | Tuple | List;

const isTuple = (value: Value | undefined): value is Tuple =>
  typeof value === "object" && value !== null && value.kind === "tuple";
const isDict = (value: Value | undefined): value is Dict =>
  typeof value === "object" && value !== null && value.kind === "dict";

/** The names that a pickle may call, and what a call gives. */
const callable: Readonly<Record<string, (args: readonly Value[]) => Value>> = {
  "collections OrderedDict": () => ({ kind: "dict", items: new Map() }),
  "torch._utils _rebuild_tensor_v2": ([storage, offset, shape, stride]) => {
    const dims = isTuple(shape) ? shapeOf(shape.items) : null;
    if (typeof storage !== "object" || storage?.kind !== "storage" || dims === null || !isTuple(stride))
      throw new RangeError("a tensor of the file is damaged");
    if (typeof offset !== "number" || !Number.isSafeInteger(offset) || offset < 0)
      throw new RangeError("a tensor of the file is damaged");
    return { kind: "tensor", storage, offset, shape: dims, stride: stride.items };
  },
  "torch._utils _rebuild_parameter": ([data]) => {
    if (typeof data !== "object" || data?.kind !== "tensor")
      throw new RangeError("a parameter of the file is damaged");
    return data;
  },
};

function named(module: string, name: string): Global {
  const full = `${module} ${name}`;
  if (Object.hasOwn(callable, full) || (module === "torch" && Object.hasOwn(storages, name)))
    return { kind: "global", name: full };
  throw new RangeError(`the file wants to run ${full.replace(" ", ".").slice(0, 80)}, which is not allowed`);
}

/** The tensors of a torch file of the zip format. */
export function readTorch(path: string): Entry[] {
  using file: HeaderFile = new HeaderFile(path);
  const mistaken = mistakenFor(path);
  if (mistaken !== undefined) file.fail(mistaken);
  const members = readZip(file);
  const pickles = [...members].filter(([name]) => /^(?:[^/]+\/)?data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1) file.fail("this torch file holds no state dict");
  const [name, { offset, size }] = pickle;
  const root = name.slice(0, -"data.pkl".length);
  const order = members.get(`${root}byteorder`);
  if (order && file.read(order.offset, Math.min(order.size, 16)).toString() !== "little")
    file.fail("the file was written on a big-endian machine");
  if (size > maxPickle) file.fail("the pickle is too large for a state dict");
  try {
    return entries(unpickle(file.read(offset, size)), root, members, path);
  } catch (error) {
    if (error instanceof RangeError) file.fail(error.message);
    throw error;
  }
}

function entries(top: Value, root: string, members: ReturnType<typeof readZip>, path: string): Entry[] {
  let state = top;
  // A file may hold one tensor and no dict; it goes by the empty name.
  if (typeof state === "object" && state?.kind === "tensor")
    state = { kind: "dict", items: new Map([["", state]]) };
  // Trainers wrap the weights once: {"model": …} or {"state_dict": …}.
  if (isDict(state)) {
    const inner = state.items.get("state_dict") ?? state.items.get("model");
    if (isDict(inner)) state = inner;
  }
  if (!isDict(state)) throw new RangeError("this torch file holds no state dict");
  return [...state.items].flatMap(([name, value]) => {
    if (typeof value !== "object" || value?.kind !== "tensor") return [];
    if (typeof name !== "string") throw new RangeError("a tensor of the file has no name");
    const { storage, shape } = value;
    const member = members.get(`${root}data/${storage.key}`);
    const count = elements(shape);
    const width = storage.dtype === null ? 8 : bytesPerElement[storage.dtype];
    if (member === undefined || member.size < storage.count * width || value.offset + count > storage.count)
      throw new RangeError(`${name.slice(0, 100)} lies outside the file`);
    if (!isRowMajor(shape, value.stride))
      throw new RangeError(`${name.slice(0, 100)} is stored transposed; save it contiguous`);
    return [{ name, path, offset: member.offset + value.offset * width, dtype: storage.dtype, shape }];
  });
}

function isRowMajor(shape: readonly number[], stride: readonly unknown[]): boolean {
  if (stride.length !== shape.length) return false;
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && elements(shape) > 0 && stride[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** Runs a pickle and gives what it leaves. Throws a RangeError that says what is wrong. */
export function unpickle(bytes: Buffer): Value {
  const stack: Value[] = [];
  const marks: number[] = [];
  const memo = new Map<number, Value>();
  let at = 0;

  const take = (length: number) => {
    if (length < 0 || at + length > bytes.length) throw new RangeError("the pickle is cut short");
    at += length;
    return bytes.subarray(at - length, at);
  };
  const pop = (): Value => {
    const value = stack.pop();
    if (value === undefined || stack.length < (marks.at(-1) ?? 0))
      throw new RangeError("the pickle is damaged");
    return value;
  };
  const toMark = (): Value[] => {
    const mark = marks.pop();
    if (mark === undefined) throw new RangeError("the pickle is damaged");
    return stack.splice(mark);
  };
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw new RangeError("the pickle is cut short");
    const text = bytes.toString("utf8", at, end);
    at = end + 1;
    return text;
  };
  const remember = (key: number) => {
    const value = stack.at(-1);
    if (value === undefined) throw new RangeError("the pickle is damaged");
    memo.set(key, value);
  };
  const recall = (key: number) => {
    const value = memo.get(key);
    if (value === undefined) throw new RangeError("the pickle is damaged");
    stack.push(value);
  };
  const tuple = (count: number) => {
    const items: Value[] = [];
    for (let i = 0; i < count; i++) items.unshift(pop());
    stack.push({ kind: "tuple", items });
  };
  const put = (pairs: readonly Value[]) => {
    const dict = stack.at(-1);
    if (!isDict(dict) || pairs.length % 2) throw new RangeError("the pickle is damaged");
    for (let i = 0; i < pairs.length; i += 2) dict.items.set(pairs[i], pairs[i + 1]!);
  };
  const append = (items: readonly Value[]) => {
    const list = stack.at(-1);
    if (typeof list !== "object" || list?.kind !== "list") throw new RangeError("the pickle is damaged");
    for (const item of items) list.items.push(item);
  };

  for (;;) {
    const code = take(1)[0]!;
    switch (code) {
      case 0x80: // PROTO
        if (take(1)[0]! > 5) throw new RangeError("the pickle is of an unknown protocol");
        break;
      case 0x95: // FRAME
        take(8);
        break;
      case 0x7d: // EMPTY_DICT
        stack.push({ kind: "dict", items: new Map() });
        break;
      case 0x5d: // EMPTY_LIST
        stack.push({ kind: "list", items: [] });
        break;
      case 0x29: // EMPTY_TUPLE
        stack.push({ kind: "tuple", items: [] });
        break;
      case 0x28: // MARK
        marks.push(stack.length);
        break;
      case 0x74: // TUPLE
        stack.push({ kind: "tuple", items: toMark() });
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        tuple(code - 0x84);
        break;
      case 0x63: // GLOBAL
        stack.push(named(line(), line()));
        break;
      case 0x93: {
        // STACK_GLOBAL
        const name = pop();
        const module = pop();
        if (typeof name !== "string" || typeof module !== "string")
          throw new RangeError("the pickle is damaged");
        stack.push(named(module, name));
        break;
      }
      case 0x71: // BINPUT
        remember(take(1)[0]!);
        break;
      case 0x72: // LONG_BINPUT
        remember(take(4).readUInt32LE());
        break;
      case 0x94: // MEMOIZE
        remember(memo.size);
        break;
      case 0x68: // BINGET
        recall(take(1)[0]!);
        break;
      case 0x6a: // LONG_BINGET
        recall(take(4).readUInt32LE());
        break;
      case 0x58: // BINUNICODE
        stack.push(take(take(4).readUInt32LE()).toString("utf8"));
        break;
      case 0x8c: // SHORT_BINUNICODE
        stack.push(take(take(1)[0]!).toString("utf8"));
        break;
      case 0x4a: // BININT
        stack.push(take(4).readInt32LE());
        break;
      case 0x4b: // BININT1
        stack.push(take(1)[0]!);
        break;
      case 0x4d: // BININT2
        stack.push(take(2).readUInt16LE());
        break;
      case 0x8a: // LONG1
        stack.push(long(take(take(1)[0]!)));
        break;
      case 0x47: // BINFLOAT
        stack.push(take(8).readDoubleBE());
        break;
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        stack.push(code === 0x88);
        break;
      case 0x52: {
        // REDUCE
        const args = pop();
        const what = pop();
        if (typeof what !== "object" || what?.kind !== "global" || !isTuple(args))
          throw new RangeError("the pickle is damaged");
        const call = callable[what.name];
        if (call === undefined) throw new RangeError("the file calls something that is not a function");
        stack.push(call(args.items));
        break;
      }
      case 0x51: // BINPERSID
        stack.push(storage(pop()));
        break;
      case 0x61: // APPEND
        append([pop()]);
        break;
      case 0x65: // APPENDS
        append(toMark());
        break;
      case 0x73: {
        // SETITEM
        const value = pop();
        put([pop(), value]);
        break;
      }
      case 0x75: // SETITEMS
        put(toMark());
        break;
      case 0x62: // BUILD: attributes of a dict, such as _metadata, say nothing about tensors
        pop();
        if (!isDict(stack.at(-1))) throw new RangeError("the pickle is damaged");
        break;
      case 0x2e: // STOP
        return pop();
      default:
        throw new RangeError(
          `the pickle has an instruction that no state dict needs (0x${code.toString(16)})`,
        );
    }
  }
}

/** ("storage", type, key, device, count) */
function storage(id: Value): Storage {
  const [word, type, key, , count] = isTuple(id) ? id.items : [];
  const dtype =
    typeof type === "object" && type?.kind === "global"
      ? storages[type.name.replace("torch ", "")]
      : undefined;
  if (word !== "storage" || dtype === undefined || typeof key !== "string" || typeof count !== "number")
    throw new RangeError("a storage of the file is damaged");
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError("a storage of the file is damaged");
  return { kind: "storage", key, dtype, count };
}

function long(bytes: Buffer): number {
  if (bytes.length > 8) throw new RangeError("the pickle has a number that is too large");
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  const number = Number(BigInt.asIntN(8 * bytes.length, value));
  if (!Number.isSafeInteger(number)) throw new RangeError("the pickle has a number that is too large");
  return number;
}
