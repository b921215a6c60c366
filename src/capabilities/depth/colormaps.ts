/**
 * 256 RGB bytes for each colour map, from 0 (far) to 255 (near). Written by `test/reference/colormaps.py`.
 *
 * viridis, inferno: N. J. Smith, S. van der Walt, E. Firing, CC0. turbo: A. Mikhailov, Apache-2.0.
 * spectral: C. Brewer and others (ColorBrewer), Apache-2.0.
 *
 * @module
 */
const bytes = (base64: string): Uint8Array => Uint8Array.fromBase64(base64);

export const colormaps = {
  turbo: bytes(
    "MBI7MhVDMxhKNBtRNR5YNiFfNyRmOCdtOSpzOi15Oy+APDKGPTWLPjiRPzuXPz6cQECiQUOnQUasQkmxQku1Q066RFG/RFTD" +
      "RFbHRVnLRVzPRV7TRmHWRmTaRmbdRmngRmvjR27mR3HpR3PrR3buR3jwR3vyRn30RoD2RoL4RoX6Rof7RYr8RYz9RI/+Q5H+" +
      "QpT/QZb/QJn/Ppv+PZ7+O6D9OqP8OKX7N6j6Nav4M633Ma/1L7L0LrTyLLfwKrnuKLzrJ77pJcDnI8PkIsXiIMffH8ndHsva" +
      "HM3YG9DVGtLSGtTQGdXNGNfKGNnIGNvFGN3CGN7AGOC9GeK7GeO5GuS2HOa0HeeyH+mvIOqsIuuqJeynJ+6kKu+hLPCeL/Gb" +
      "MvKYNfOUOPSRPPWOP/aKQ/eHRviESviATvl9Uvp6Vfp2WftzXfxvYfxsZf1paf1mbf5icf5fdf5cef5Zff9WgP9ThP9RiP9O" +
      "i/9Lj/9Jkv9Hlv5Emf5CnP5An/0/of09pPw8p/w6qfs5rPs4r/o3sfk2tPg2t/c1ufY1vPU0vvQ0wfM0w/E0xvA0yO80y+00" +
      "zew00Oo00uk11Oc11+U12eQ22+I23eA339834d0349s45dk459c56dU569M57NE67s8678068cs68sk69Mc69cU69sM698E6" +
      "+L45+bw5+ro5+7g4+7Y3/LM2/LE2/a41/aw0/qkz/qcy/qQx/qEw/p4v/pst/pks/pYr/pMq/pAp/Y0n/Yom/Icl/IQj+4Ei" +
      "+34h+nsf+Xge+XUd+HIc928a9mwZ9WkY9GYX82MV8mAU8V0T8FsS71gR7VUQ7FMP61AO6k4N6EsM50kM5UcL5EUK4kMK4UEJ" +
      "3z8I3T0I3DsH2jkH2DcG1jUG1DMF0jEF0C8Fzi0EzCsEyioEyCgDxSYDwyUDwSMCviECvCACuR4Ctx0CtBsBshoBrxgBrBcB" +
      "qRYBpxQBpBMBoRIBnhABmw8BmA4BlQ0BkgsBjgoBiwkCiAgChQcCgQYCfgUCegQD",
  ),
  inferno: bytes(
    "AAAEAQAFAQEGAQEIAgEKAgIMAgIOAwIQBAMSBAMUBQQXBgQZBwUbCAUdCQYfCgciCwckDAgmDQgpDgkrEAktEQowEgoyFAs0" +
      "FQs3Fgs5GAw8GQw+GwxBHAxDHgxFHwxIIQxKIwxMJAxPJgxRKAtTKQtVKwtXLQtZLwpbMQpcMgpeNApfNglhOAliOQljOwlk" +
      "PQllPglmQApnQgpoRApoRQppRwtqSQtqSgxrTAxrTQ1sTw1sUQ5sUg5tVA9tVQ9tVxBuWRBuWhFuXBJuXRJuXxNuYRNuYhRu" +
      "ZBVuZRVuZxZuaRZuahdubBhubRhubxlucRluchpudBpudRtudxxteBxteh1tfB1tfR5tfx5sgB9sgiBshCBrhSFrhyFriCJq" +
      "iiJqjCNpjSNpjyRpkCVokiVokyZnlSZnlydmmCdmmihlmylknSlknypjoCpjoitioyxhpSxgpi1gqC5fqS5eqy9erTBdrjBc" +
      "sDFbsTJaszJatDNZtjRYtzVXuTVWujZVvDdUvThTvzlSwDpRwTpQwztPxDxOxj1Nxz5MyD9LykBKy0FJzEJIzkNHz0RG0EVF" +
      "0kZE00dD1EhC1UpB10s/2Ew+2U092k4821A73VE63lI431M34FU24VY14lc041kz5Fox5Vww5l0v514u6GAt6WEr6mMq62Qp" +
      "62Yo7Gcm7Wkl7mok72wj724h8G8g8XEf8XMd8nQc83Yb83gZ9HkY9XsX9X0V9n4U9oAT94IS94QQ+IUP+IcO+IkM+YsL+YwK" +
      "+Y4J+pAI+pIH+pQH+5YG+5cG+5kG+5sG+50H/J8H/KEI/KMJ/KUK/KYM/KgN/KoP/KwR/K4S/LAU/LIW/LQY+7Ya+7gd+7of" +
      "+7wh+74j+sAm+sIo+sQq+sYt+ccv+cky+cs1+M03+M8699E999NA9tVD9tdG9dlJ9dtM9N1P9N9T9OFW8+Na8+Vd8uZh8uhl" +
      "8upp8ext8e1x8e918fF58vJ98vSC8/WG8/aK9PiO9fmS9vqW+Pua+fyd+v2h/P+k",
  ),
  viridis: bytes(
    "RAFURAJWRQRXRQVZRgdaRghcRgpdRgteRw1gRw5hRxBjRxFkRxNlSBRnSBZoSBdpSBhqSBpsSBttSBxuSB1vSB9wSCBxSCFz" +
      "SCN0SCR1SCV2SCZ3SCh4SCl5Ryp6Ryx6Ry17Ry58Ry99RjB+RjJ+RjN/RjSARTWBRTeBRTiCRDmDRDqDRDuEQz2EQz6FQj+F" +
      "QkCGQkGGQUKHQUSHQEWIQEaIP0eIP0iJPkmJPkqJPkyKPU2KPU6KPE+KPFCLO1GLO1KLOlOLOlSMOVWMOVaMOFiMOFmMN1qM" +
      "N1uNNlyNNl2NNV6NNV+NNGCNNGGNM2KNM2ONMmSOMmWOMWaOMWeOMWiOMGmOMGqOL2uOL2yOLm2OLm6OLm+OLXCOLXGOLHGO" +
      "LHKOLHOOK3SOK3WOKnaOKneOKniOKXmOKXqOKXuOKHyOKH2OJ36OJ3+OJ4COJoGOJoKOJoKOJYOOJYSOJYWOJIaOJIeOI4iO" +
      "I4mOI4qNIouNIoyNIo2NIY6NIY+NIZCNIZGMIJKMIJKMIJOMH5SMH5WLH5aLH5eLH5iLH5mKH5qKHpuKHpyJHp2JH56JH5+I" +
      "H6CIH6GIH6GHH6KHIKOGIKSGIaWFIaaFIqeFIqiEI6mDJKqDJauCJayCJq2BJ62BKK6AKa9/KrB/LLF+LbJ9LrN8L7R8MbV7" +
      "MrZ6NLZ5Nbd5N7h4OLl3Orp2O7t1Pbx0P7xzQL1yQr5xRL9wRsBvSMFuSsFtTMJsTsNrUMRqUsVpVMVoVsZnWMdlWshkXMhj" +
      "XsliYMpgY8tfZcteZ8xcac1bbM1abs5YcM9Xc9BWddBUd9FTetFRfNJQf9NOgdNNhNRLhtVJidVIi9ZGjtZFkNdDk9dBldhA" +
      "mNg+m9k8ndk7oNo5oto3pds2qNs0qtwyrdwwsN0vst0ttd4ruN4put4ovd8mwN8lwt8jxeAhyOAgyuEfzeEd0OEc0uIb1eIa" +
      "2OIZ2uMZ3eMY3+MY4uQY5eQZ5+QZ6uUa7OUb7+Uc8eUd9OYe9uYg+OYh++cj/ecl",
  ),
  spectral: bytes(
    "Xk+iXFGjW1OkWValV1imVVqnVFyoUl+pUGGqTmOsTWWtS2iuSWqvSGywRm6xRHGyQnOzQXW0P3e1PXm2O3y3On64OIC5NoK6" +
      "NYW7M4e8M4m9NYu8N467OZC6O5K5PZW4P5e3QZm2Q5u1RZ60R6CzSaKyS6SxTqewUKmvUquuVK6tVrCtWLKsWrSrXLeqXrmp" +
      "YLuoYr2nZMCmZsKlacOla8SlbsWlccaldMeldsilecmlfMqlfsylgc2lhM6lhs+lidCkjNGkj9KkkdOklNSkl9WkmdaknNek" +
      "n9ikotmkpNqkp9ukqtykrN2krt6jsd+js+CiteGiuOKhuuOhvOSgv+Wgweagw+efxuifyOmeyuqezeudz+yd0e2c0+2c1u6b" +
      "2O+b2vCa3fGa3/KZ4fOZ5PSY5vWY5/Wa6Pab6fad6vee6/eg7Peh7fij7vik7/mm8Pmn8fmp8vqq8/qs9Pqt9fuv9vuw9/yy" +
      "+Py0+fy1+v23+/24/P66/f67/v69//++//6+//28//y6//u4//q2//i0//ey//aw//Wu//Os//Kq//Go//Cm/u+j/u2h/uyf" +
      "/uud/uqb/umZ/ueX/uaV/uWT/uSR/uKP/uGN/uCL/t6J/tyI/tqG/tiE/taD/tSB/tJ//tB+/s58/sx7/sp5/sh3/cd2/cV0" +
      "/cNy/cFx/b9v/b1t/bts/blq/bdo/bVn/bNl/bFj/a9i/a1g/Kpf/Khe/KVd+6Nc+6Bb+51Z+ptY+phX+pZW+ZNV+ZFT+Y5S" +
      "+IxR+IlQ+IZP94RO94FM9n9L9nxK9npJ9XdI9XVH9XJF9HBE9G1D82tD8mlE8GdE72ZF7mRF7WJG62BG6l5H6VxH6FtI51lI" +
      "5VdJ5FVJ41NK4lFK4VBL305L3kxL3UpM3EhM2kZN2URN2ENO10FO1j9P1D1P0jpO0DhOzTZNyzNNyTFMxy5MxSxLwypLwSdK" +
      "viVKvCJJuiBJuB5IthtItBlHsRdHrxRGrRJGqw9FqQ1FpwtEpAhEogZDoANDngFC",
  ),
} as const;
