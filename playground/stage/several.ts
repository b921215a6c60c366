/** Stages of several results: a script of its own, loaded when one of them is first shown. */

export { page } from "../whole.ts";
export { CompareStage } from "./compare-stage.tsx";
export { SetStage } from "./set-stage.tsx";
