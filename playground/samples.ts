/**
 * Example images of the empty stage.
 *
 * @module
 */
import street from "../examples/street.jpg";

export default [{ url: street, thumb: street, name: "street.jpg", title: "Street" }];
